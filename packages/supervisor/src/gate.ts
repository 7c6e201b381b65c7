/** A promise that is settled from outside. */
export interface Gate<T> {
  readonly opened: Promise<T>;
  readonly open: (value: T) => void;
  readonly fail: (reason: Error) => void;
}

export function createGate<T>(): Gate<T> {
  let open: ((value: T) => void) | undefined;
  let fail: ((reason: Error) => void) | undefined;
  const opened = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open: (value) => open?.(value), fail: (reason) => fail?.(reason) };
}
