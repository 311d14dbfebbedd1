/** A camera's settings; only what was changed is sent, and the server says what is wrong where. */

import { type FormEvent, useState } from "react";
import type { Camera } from "../api/cameras";
import { ApiError } from "../api/errors";
import { useMayManage } from "../app/session";
import { Button, Form, FormError, Panel, toast } from "../ui";
import { AddressFields, RecordingFields } from "./camera-fields";
import css from "./camera-page.module.css";
import { FIELDS, KEEP, type Login, patchOf, settingsOf } from "./changes";
import { GroupFields } from "./group-fields";
import { LoginChoice } from "./login-choice";
import { useChangeCamera } from "./mutations";

export function SettingsPanel({ camera, isReadOnly }: { camera: Camera; isReadOnly: boolean }) {
  const mayManage = useMayManage();
  return (
    <Panel title="Settings">
      {/* begins anew when somebody else changed the camera and nothing is being typed here */}
      <SettingsForm camera={camera} isReadOnly={isReadOnly} />
      <GroupFields cameraId={camera.camera_id} isReadOnly={!mayManage} />
    </Panel>
  );
}

function SettingsForm({ camera, isReadOnly }: { camera: Camera; isReadOnly: boolean }) {
  const [base, setBase] = useState(() => settingsOf(camera));
  const [settings, setSettings] = useState(base);
  const [login, setLogin] = useState<Login>(KEEP);
  const change = useChangeCamera(camera.camera_id);
  const patch = patchOf(base, settings, login);
  const newest = settingsOf(camera);
  if (patch === null && JSON.stringify(newest) !== JSON.stringify(base)) {
    setBase(newest); // changed elsewhere
    setSettings(newest);
  }
  const start = (saved: Camera) => {
    setBase(settingsOf(saved));
    setSettings(settingsOf(saved));
    setLogin(KEEP);
  };
  const discard = () => {
    start(camera);
    change.reset(); // what was refused is gone
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (patch === null) return;
    change.mutate(patch, {
      onSuccess: (saved) => {
        start(saved);
        toast(`${saved.name} has been changed.`, "good");
      },
    });
  };
  const errors = change.error instanceof ApiError ? change.error.byField : {};
  return (
    <Form onSubmit={submit} validationErrors={errors}>
      <fieldset disabled={isReadOnly} className={css.fields}>
        <legend className="visually-hidden">Settings of {camera.name}</legend>
        <AddressFields
          values={settings}
          isOfDevice={camera.device_id !== null}
          isReadOnly={isReadOnly}
          onChange={setSettings}
        />
        {!isReadOnly && (
          <LoginChoice
            hasLogin={camera.has_credentials}
            isOfDevice={camera.device_id !== null}
            login={login}
            error={errors.credentials}
            onChange={setLogin}
          />
        )}
        <RecordingFields
          values={settings}
          isOfDevice={camera.device_id !== null}
          isReadOnly={isReadOnly}
          onChange={setSettings}
        />
      </fieldset>
      <FormError error={change.error} fields={[...FIELDS, "credentials"]} />
      {!isReadOnly && (
        <div className={css.foot}>
          <Button
            kind="primary"
            type="submit"
            isDisabled={patch === null}
            isPending={change.isPending}
          >
            Save
          </Button>
          <Button isDisabled={patch === null} onPress={discard}>
            Discard changes
          </Button>
          <span className={css.note}>The recorder takes changes over within seconds.</span>
        </div>
      )}
    </Form>
  );
}
