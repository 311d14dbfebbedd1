/** The part of the REST API that the live pages use. */

import { problemDetail } from "./player/problem";

export interface Camera {
  camera_id: string;
  name: string;
  sub_url: string | null;
  record: boolean;
}

export interface LiveLinkView {
  hls: string;
  websocket: string;
  snapshot: string;
  expires_at: string;
  viewer_id: string;
  renditions: ("main" | "sub")[];
}

const TIMEOUT_MS = 10_000;

/** An answer that is an error; the message is the server's, for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly retryAfterSeconds: number,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get isUnauthorized(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

export class Api {
  constructor(
    private readonly key: string,
    private readonly base = "/api/v1",
  ) {}

  listCameras(): Promise<Camera[]> {
    return this.request("GET", "/cameras");
  }

  createLiveLink(camera: string, body: { viewer_id?: string }): Promise<LiveLinkView> {
    return this.request("POST", `/cameras/${encodeURIComponent(camera)}/live-links`, body);
  }

  private async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.key}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(this.base + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new ApiError("the server does not answer", 0, 0);
    }
    if (!response.ok) throw await errorOf(response);
    return (await response.json()) as T;
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  const retryAfter = Number(response.headers.get("Retry-After") ?? 0) || 0;
  return new ApiError(
    problemDetail(text) ?? `HTTP ${response.status}`,
    response.status,
    retryAfter,
  );
}
