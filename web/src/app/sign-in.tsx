/** The page for those who are not signed in. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { Navigate, useSearchParams } from "react-router";
import { ApiError, messageOf } from "../api/errors";
import { Button, ErrorNote, Form, formatSeconds, TextField, usePageTitle } from "../ui";
import { safeNext } from "./next";
import { announceSession } from "./session";
import { sessionQuery, signIn } from "./session-api";
import css from "./sign-in.module.css";

export function SignIn() {
  usePageTitle("Sign in");
  const [params] = useSearchParams();
  const { data: me } = useQuery(sessionQuery);
  if (me) return <Navigate to={safeNext(params.get("next"))} replace />;
  return (
    <main className={css.page}>
      <div className={css.brand}>
        <img src="/favicon.svg" alt="" width={44} height={44} />
        <h1>Everframe</h1>
      </div>
      <SignInForm />
      <p className={css.hint}>
        The first start of the server shows the password of “admin” once. Whoever runs the server
        can make a new one.
      </p>
    </main>
  );
}

function SignInForm() {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const enter = useMutation({
    mutationFn: () => signIn(name.trim(), password),
    onSuccess: (me) => {
      client.setQueryData(sessionQuery.queryKey, me);
      announceSession();
    },
    onError: () => setPassword(""),
  });
  const waitSeconds = useCountdown(enter.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (waitSeconds === 0 && !enter.isPending) enter.mutate();
  };
  return (
    <Form onSubmit={submit} className={css.form}>
      <TextField
        label="Name"
        autoComplete="username"
        value={name}
        onChange={setName}
        isRequired
        autoFocus
        spellCheck="false"
        autoCorrect="off"
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        isRequired
      />
      {enter.error !== null && <Refusal error={enter.error} waitSeconds={waitSeconds} />}
      <Button kind="primary" type="submit" isPending={enter.isPending} isDisabled={waitSeconds > 0}>
        Sign in
      </Button>
    </Form>
  );
}

function Refusal({ error, waitSeconds }: { error: Error; waitSeconds: number }) {
  if (!(error instanceof ApiError)) return <ErrorNote text={messageOf(error)} />;
  if (error.status === 401) {
    return <ErrorNote text="Name or password is wrong. Check both, and whether Caps Lock is on." />;
  }
  if (error.status !== 429) return <ErrorNote text={error.message} />;
  if (waitSeconds === 0) return <ErrorNote tone="plain" text="You can try again now." />;
  return (
    <ErrorNote
      tone="busy"
      title="Too many attempts"
      text={`Try again in ${formatSeconds(waitSeconds)}.`}
    />
  );
}

/** Seconds until the server listens again, counting down. */
function useCountdown(error: Error | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const seconds = error instanceof ApiError && error.status === 429 ? error.retryAfterSeconds : 0;
    const until = performance.now() + seconds * 1000;
    const tick = () => setLeft(Math.max(0, Math.ceil((until - performance.now()) / 1000)));
    tick();
    if (seconds === 0) return;
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}
