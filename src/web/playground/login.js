"use strict";
// Gives the token, once; the cookie that comes back is enough from then on.
document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = document.getElementById("token").value;
  const answer = await fetch("/login", {
    method: "POST",
    headers: { "content-type": "application/json", "x-qunwei": "1" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) location.reload();
  else document.getElementById("wrong").hidden = false;
});
