/** Adds one camera by its RTSP address; "test" looks at the stream before. */

import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, call, type Schemas } from "../api/client";
import { ApiError, messageOf } from "../api/errors";
import { Button, DialogButtons, ErrorNote, Form, FormError, Spinner, Switch, toast } from "../ui";
import { AddressFields, RecordingFields } from "./camera-fields";
import css from "./camera-page.module.css";
import { DEFAULTS, FIELDS, type Settings } from "./changes";
import { LoginFields } from "./login-fields";
import { useAddCamera } from "./mutations";
import { failureText, reportSpecs } from "./specs";

export function AddByAddress({ url, onClose }: { url: string; onClose(): void }) {
  const [values, setValues] = useState<Settings>({ ...DEFAULTS, name: "", url, sub_url: "" });
  const [login, setLogin] = useState({ username: "", password: "" });
  const [record, setRecord] = useState(true);
  const add = useAddCamera();
  const credentials = login.username === "" ? null : login;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { sub_url, ...rest } = values;
    const body = { ...rest, sub_url: sub_url || null, credentials, record };
    add.mutate(body, {
      onSuccess: (camera) => {
        toast(`${camera.name} has been added.`, "good");
        onClose();
      },
    });
  };
  const errors = add.error instanceof ApiError ? add.error.byField : {};
  return (
    <Form onSubmit={submit} validationErrors={errors}>
      <AddressFields values={values} isOfDevice={false} isReadOnly={false} onChange={setValues} />
      <LoginFields login={login} onChange={setLogin} />
      <RecordingFields values={values} isOfDevice={false} isReadOnly={false} onChange={setValues} />
      <Switch isSelected={record} onChange={setRecord}>
        Start recording at once
      </Switch>
      <Test url={values.url} transport={values.transport} credentials={credentials} />
      <FormError error={add.error} fields={FIELDS} />
      <DialogButtons>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={add.isPending}>
          Add the camera
        </Button>
      </DialogButtons>
    </Form>
  );
}

interface TestProps {
  url: string;
  transport: "tcp" | "udp";
  credentials: { username: string; password: string } | null;
}

function Test({ url, transport, credentials }: TestProps) {
  const test = useMutation({
    mutationFn: () =>
      call(
        api.POST("/api/v1/discovery/probe", {
          body: { url, transport, credentials, use_tls: false, verify_tls: false },
        }),
      ),
  });
  return (
    <div aria-live="polite" className={css.test}>
      <Button isDisabled={url === ""} isPending={test.isPending} onPress={() => test.mutate()}>
        Test the connection
      </Button>
      {test.isPending && <Spinner label="Looking at the stream" isLabelShown />}
      {test.error !== null && !test.isPending && <ErrorNote text={problemOf(test.error)} />}
      {test.data && !test.isPending && <Result view={test.data} />}
    </div>
  );
}

function Result({ view }: { view: Schemas["ProbeView"] }) {
  const failure = view.failure ?? view.stream?.failure;
  if (failure) return <ErrorNote title="The stream cannot be used" text={failureText(failure)} />;
  if (!view.stream) return <ErrorNote text="Nothing was found out. Try again." />;
  return <ErrorNote tone="plain" title="The stream works" text={reportSpecs(view.stream)} />;
}

/** What is wrong with the address itself is told of the field. */
function problemOf(error: Error): string {
  return (error instanceof ApiError && error.field("url")) || messageOf(error);
}
