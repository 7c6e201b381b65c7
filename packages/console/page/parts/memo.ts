import { Component, type ComponentChild, type FunctionComponent, h } from "preact";

/** A component that is drawn again only when `isSame` says no of its properties; Preact's own is in a package for React's users. */
export function memo<P extends object>(Inner: FunctionComponent<P>, isSame: (one: P, other: P) => boolean) {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return !isSame(this.props, next);
    }

    override render(props: P): ComponentChild {
      return h(Inner, props);
    }
  };
}
