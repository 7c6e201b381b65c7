import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { texts } from "../language/language.ts";
import { Dialog } from "../parts/dialog.tsx";
import { KeyForm } from "../parts/key-form.tsx";
import { Trouble } from "../parts/trouble.tsx";
import { act, adminKey, lock, pending, pendingName, refused, unlock } from "./admin.ts";

/** Scale and reload for who has the admin key; the way to it for everybody else, where there is one. */
export function Controls({ mayAct, count }: { readonly mayAct: boolean; readonly count: number }): VNode {
  const [asks, setAsks] = useState(false);
  const { readOnly, adminUnlock, adminLock, adminTitle, adminText } = texts.value;
  const onKey = async (key: string) => {
    await unlock(key);
    setAsks(false);
  };
  if (!mayAct) return <p class="note">{readOnly}</p>;
  if (adminKey.value === "") {
    return (
      <>
        <button type="button" onClick={() => setAsks(true)}>
          {adminUnlock}
        </button>
        <Dialog title={adminTitle} isOpen={asks} onClose={() => setAsks(false)}>
          <KeyForm text={adminText} label={adminTitle} autoComplete="off" onKey={onKey} />
        </Dialog>
      </>
    );
  }
  return (
    <div class="controls">
      <ScaleButtons count={count} />
      <Reload />
      <button type="button" class="quiet" onClick={lock}>
        {adminLock}
      </button>
      <Trouble text={refused.value} />
    </div>
  );
}

function ScaleButtons({ count }: { readonly count: number }): VNode {
  const { workersCount, fewer, oneMore } = texts.value;
  const isBusy = pending.value.has(pendingName("scale"));
  return (
    <span class="stepper">
      <button type="button" aria-label={fewer} disabled={isBusy || count < 2} onClick={() => scale(count - 1)}>
        −
      </button>
      <output>{workersCount(count)}</output>
      <button type="button" aria-label={oneMore} disabled={isBusy} onClick={() => scale(count + 1)}>
        +
      </button>
    </span>
  );
}

function scale(count: number): void {
  void act("scale", { count: String(count) });
}

function Reload(): VNode {
  const isBusy = pending.value.has(pendingName("reload"));
  return (
    <button type="button" disabled={isBusy} onClick={() => void act("reload")}>
      {texts.value.reload}
    </button>
  );
}
