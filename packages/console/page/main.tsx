import { render } from "preact";
import { loadConversations } from "./chat/conversations.ts";
import { App } from "./app.tsx";
import { followModel } from "./api/models.ts";

const target = document.querySelector("#app");
if (target !== null) render(<App />, target);
void loadConversations();
followModel();
