/** What is shown in place of a page: an address that leads nowhere, or a page that failed. */

import { isRouteErrorResponse, useRouteError } from "react-router";
import { ApiError, messageOf } from "../api/errors";
import { Button, EmptyState, ErrorNote, LinkButton, usePageTitle } from "../ui";
import css from "./session.module.css";

export function NotFoundPage() {
  usePageTitle("Not found");
  return (
    <EmptyState title="There is no such page" text="The address may be mistyped or out of date.">
      <LinkButton href="/">Go to the first page</LinkButton>
    </EmptyState>
  );
}

/** A page that could not be loaded, or broke; loading anew helps against both. */
export function ErrorPage() {
  const error = useRouteError();
  usePageTitle("Error");
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFoundPage />;
  return (
    <div className={css.whole}>
      <ErrorNote
        title={isOutOfDate(error) ? "This page has changed" : "This page failed"}
        text={textOf(error)}
      >
        <Button onPress={() => location.reload()}>Load again</Button>
      </ErrorNote>
    </div>
  );
}

function textOf(error: unknown): string {
  if (isOutOfDate(error)) {
    return "A part of it could not be loaded: the server may have been updated, or is away. Load the page again.";
  }
  if (error instanceof ApiError) return error.message;
  return messageOf(error);
}

/** Browsers say it differently: a script of an older version is not there any more. */
export function isOutOfDate(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /dynamically imported module|importing a module script|preload CSS/i.test(error.message);
}
