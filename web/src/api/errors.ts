/** What can go wrong with a request, in one shape: RFC 9457 problem details. */

export interface FieldProblem {
  field: string;
  problem: string;
}

/** An answer that is an error, or none at all; the message is for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly fields: readonly FieldProblem[] = [],
    /** How long to wait before asking again; 0 when the server did not say. */
    readonly retryAfterSeconds = 0,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether asking again may help: the server, or what it needs, is away. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** What is wrong with a field: `url`, or `credentials.username`. */
  field(name: string): string | undefined {
    return this.fields.find(({ field }) => field === name)?.problem;
  }

  /** Messages by field, as forms take them. */
  get byField(): Record<string, string> {
    return Object.fromEntries(this.fields.map(({ field, problem }) => [field, problem]));
  }
}

export const NO_ANSWER = "The server does not answer. Check the network, then try again.";

/** The error of an answer whose body was read already; the body may be anything. */
export function errorOf(response: Response, body: unknown): ApiError {
  const problem = typeof body === "object" && body !== null ? body : {};
  const detail = "detail" in problem && typeof problem.detail === "string" ? problem.detail : null;
  const errors = "errors" in problem && Array.isArray(problem.errors) ? problem.errors : [];
  return new ApiError(
    sentence(detail || `The server answered with an error (HTTP ${response.status}).`),
    response.status,
    errors.filter(isFieldProblem).map(asSentence),
    retryAfter(response.headers.get("Retry-After")),
  );
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return "Something went wrong on this page. Load it again; if that does not help, tell whoever runs the server.";
}

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(upper) ? upper : `${upper}.`;
}

const asSentence = ({ field, problem }: FieldProblem) => ({ field, problem: sentence(problem) });

function isFieldProblem(value: unknown): value is FieldProblem {
  if (typeof value !== "object" || value === null) return false;
  const { field, problem } = value as Record<string, unknown>;
  return typeof field === "string" && typeof problem === "string";
}

function retryAfter(text: string | null): number {
  const seconds = Number(text ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) : 0;
}
