import type { ButtonHTMLAttributes, VNode } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface IconButtonProps extends ButtonHTMLAttributes {
  readonly icon: IconName;
  /** What it does, for who hears it and who points at it. */
  readonly label: string;
}

/** A button that shows an icon alone. */
export function IconButton({ icon, label, ...rest }: IconButtonProps): VNode {
  return (
    <button type="button" class="quiet" aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}
