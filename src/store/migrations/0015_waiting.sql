-- Where an action waits that has not come to its end, beside the action, which may be sealed; NULL once it has.
ALTER TABLE outbox ADD COLUMN platform TEXT;
ALTER TABLE outbox ADD COLUMN group_name TEXT;
-- Those with the same go in the order they were decided; NULL: it waits for no other.
ALTER TABLE outbox ADD COLUMN follows INTEGER;
-- Its lane, or the later one of what it follows.
ALTER TABLE outbox ADD COLUMN turn INTEGER;
-- What was decided before this step is filled in when the store is opened with its keys.
DROP INDEX outbox_pending;
CREATE INDEX outbox_of_platform ON outbox (platform, turn) WHERE state = 'pending';
CREATE INDEX outbox_of_group ON outbox (platform, group_name, follows) WHERE state = 'pending';
