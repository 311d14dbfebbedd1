import { expect, test, vi } from "vitest";
import { keyOf, Shortcuts } from "../../src/app/shortcuts";

const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
  ({ key, shiftKey: false, ctrlKey: false, metaKey: false, ...more }) as KeyboardEvent;

test.each([
  [press("k"), "k"],
  [press("?", { shiftKey: true }), "?"],
  [press(" "), "Space"],
  [press("ArrowLeft", { shiftKey: true }), "Shift+ArrowLeft"],
  [press("Enter", { ctrlKey: true }), "Ctrl+Enter"],
  [press("s", { metaKey: true }), "Ctrl+s"],
])("keys have names", (event, name) => {
  expect(keyOf(event)).toBe(name);
});

test("two keys in a row are one shortcut, for a moment", () => {
  const shortcuts = new Shortcuts();
  const run = vi.fn();
  shortcuts.add({ name: "Pages", shortcuts: [{ keys: "g l", label: "Live", run }] });

  expect(shortcuts.press(press("g"), 0)).toBe(false);
  expect(shortcuts.press(press("l"), 1000)).toBe(true);
  shortcuts.press(press("g"), 5000);
  expect(shortcuts.press(press("l"), 8000)).toBe(false);

  expect(run).toHaveBeenCalledTimes(1);
});

test("the page that came last goes first, and gives the key back when it goes", () => {
  const shortcuts = new Shortcuts();
  const [shell, page] = [vi.fn(), vi.fn()];
  shortcuts.add({ name: "All", shortcuts: [{ keys: "f", label: "Find", run: shell }] });
  const remove = shortcuts.add({
    name: "Page",
    shortcuts: [{ keys: "f", label: "Full", run: page }],
  });

  shortcuts.press(press("f"));
  remove();
  shortcuts.press(press("f"));

  expect(page).toHaveBeenCalledTimes(1);
  expect(shell).toHaveBeenCalledTimes(1);
});
