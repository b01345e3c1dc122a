-- Only groups into which somebody came lately: who waits for a welcome, who was welcomed, the joins of the last window.
CREATE TABLE newcomers (
    group_id  INTEGER PRIMARY KEY,
    newcomers TEXT NOT NULL
) STRICT;

-- The alerts of the last minute at the company's place: one row, or none.
CREATE TABLE company_alerts (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    alerts TEXT NOT NULL
) STRICT;

-- Held alerts are kept by kind; of those from before only the number is known.
UPDATE ledgers SET ledger = json_set(
    json_remove(ledger, '$.alerts_held'),
    '$.alerts',
    json_object('sent', json('[]'), 'held', json('[]'), 'rest', json_extract(ledger, '$.alerts_held'))
);
