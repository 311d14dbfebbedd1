import { ApiError, messageOf } from "../api/errors";
import { ErrorNote } from "./notes";

interface Props {
  error: Error | null;
  /** Names of fields that show what is wrong with them. */
  fields: readonly string[];
}

/** What the server refused, but for what stands at its field. */
export function FormError({ error, fields }: Props) {
  if (error === null) return null;
  const problems = error instanceof ApiError ? error.fields : [];
  if (problems.length === 0) return <ErrorNote text={messageOf(error)} />;
  const others = problems.filter(({ field }) => !fields.includes(field));
  if (others.length === 0) return <ErrorNote text="Not saved yet. Correct what is marked above." />;
  return <ErrorNote text={others.map(({ field, problem }) => `${field}: ${problem}`).join(" ")} />;
}
