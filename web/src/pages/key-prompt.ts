/** Asks for the API key. It stays in this tab's session storage, and only there. */

import { Api, ApiError, type Camera } from "../api";
import { h } from "./dom";

const STORAGE = "everframe.key";

export function storedKey(): string | null {
  return sessionStorage.getItem(STORAGE);
}

export function forgetKey(): void {
  sessionStorage.removeItem(STORAGE);
}

/** Shows the prompt until a key was accepted; calls back with the cameras that it opened. */
export function keyPrompt(
  reason: string,
  onAccepted: (api: Api, cameras: Camera[]) => void,
): HTMLElement {
  const input = h("input", {
    type: "password",
    name: "key",
    id: "key",
    autocomplete: "off",
    spellcheck: false,
    required: true,
    placeholder: "API key",
  });
  const button = h("button", { type: "submit", className: "primary" }, "Watch");
  const error = h("p", { className: "form-error", role: "alert" }, reason);
  const form = h(
    "form",
    { className: "key-prompt", method: "post", autocomplete: "off" },
    h("h1", {}, "Everframe live"),
    h("label", { htmlFor: "key" }, "API key"),
    input,
    error,
    button,
    h("p", { className: "hint" }, "The key stays in this tab. “make key” makes a new one."),
  );
  const submit = async () => {
    const api = new Api(input.value.trim());
    button.disabled = true;
    error.textContent = "";
    try {
      const cameras = await api.listCameras();
      sessionStorage.setItem(STORAGE, input.value.trim());
      onAccepted(api, cameras);
    } catch (problem) {
      error.textContent = explain(problem);
      button.disabled = false;
      input.select();
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  queueMicrotask(() => input.focus());
  return form;
}

function explain(problem: unknown): string {
  if (!(problem instanceof ApiError)) return String(problem);
  if (problem.status === 401) return "This key is not valid. Check it, or make a new one.";
  return problem.message;
}
