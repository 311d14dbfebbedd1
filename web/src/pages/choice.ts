/** A row of buttons of which one is pressed. */

import { h } from "./dom";

export class Choice<T extends string> {
  readonly element: HTMLElement;
  private readonly buttons = new Map<T, HTMLButtonElement>();

  constructor(label: string, options: [T, string, string][], onPick: (value: T) => void) {
    this.element = h("div", { className: "choice", role: "group", ariaLabel: label });
    for (const [value, text, title] of options) {
      const button = h("button", { type: "button", title }, text);
      button.addEventListener("click", () => onPick(value));
      this.buttons.set(value, button);
      this.element.append(button);
    }
  }

  show(value: T, isEnabled: (value: T) => boolean = () => true): void {
    for (const [option, button] of this.buttons) {
      button.ariaPressed = String(option === value);
      button.disabled = !isEnabled(option);
    }
  }
}
