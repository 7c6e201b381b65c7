import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { model } from "../../api/models.ts";
import { texts } from "../../language/language.ts";
import { Icon } from "../../parts/icon.tsx";
import { ResponseView } from "./response-view.tsx";
import type { Conversation } from "../conversation.ts";
import { UserView } from "./user-view.tsx";

/** This near to the end counts as being there. */
const NEAR_PIXELS = 80;

/** A conversation's messages. The view follows a growing response until the user scrolls up. */
export function Thread({ conversation }: { readonly conversation: Conversation }): VNode {
  const { id, messages } = conversation;
  const scroller = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [isAway, setAway] = useState(false);
  const toEnd = () => {
    const element = scroller.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  };
  useEffect(() => {
    follows.current = true;
    toEnd();
  }, [id, messages.length]);
  useLayoutEffect(() => {
    if (follows.current) toEnd();
  });
  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PIXELS;
    follows.current = isNear;
    setAway(!isNear);
  };
  if (messages.length === 0) return <Empty />;
  const last = messages.at(-1);
  return (
    <div class="thread" ref={scroller} onScroll={onScroll} tabIndex={-1}>
      <div class="messages">
        {messages.map((message) =>
          message.role === "user" ? (
            <UserView key={message.id} conversationId={id} message={message} />
          ) : (
            <ResponseView key={message.id} conversationId={id} message={message} isLast={message === last} />
          ),
        )}
      </div>
      {isAway && (
        <button type="button" class="round to-end" aria-label={texts.value.toEnd} onClick={toEnd}>
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function Empty(): VNode {
  const { welcome, welcomeText, welcomeDemo } = texts.value;
  const name = model.value;
  return (
    <div class="empty">
      <h2>{welcome}</h2>
      {name !== undefined && <p>{name === "demo" ? welcomeDemo : welcomeText(name)}</p>}
    </div>
  );
}
