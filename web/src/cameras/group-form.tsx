import { type FormEvent, useState } from "react";
import { useCameras } from "../api/cameras";
import { ApiError } from "../api/errors";
import type { Group } from "../api/groups";
import { Button, Checkbox, DialogButtons, Form, FormError, SearchField, TextField } from "../ui";
import { useAddGroup, useChangeGroup } from "./group-mutations";
import css from "./groups.module.css";

/** Name and members of a group; without a group it makes one. */
export function GroupForm({ group, onDone }: { group: Group | null; onDone(): void }) {
  const [name, setName] = useState(group?.name ?? "");
  const [members, setMembers] = useState<readonly string[]>(group?.camera_ids ?? []);
  const add = useAddGroup();
  const change = useChangeGroup();
  const error = add.error ?? change.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { name, camera_ids: [...members] };
    if (group === null) add.mutate(body, { onSuccess: onDone });
    else change.mutate({ group_id: group.group_id, body }, { onSuccess: onDone });
  };
  return (
    <Form onSubmit={submit} validationErrors={error instanceof ApiError ? error.byField : {}}>
      <TextField
        label="Name"
        name="name"
        value={name}
        onChange={setName}
        isRequired
        maxLength={100}
        autoFocus
      />
      <Members members={members} onChange={setMembers} />
      <FormError error={error} fields={["name"]} />
      <DialogButtons>
        <Button onPress={onDone}>Back</Button>
        <Button kind="primary" type="submit" isPending={add.isPending || change.isPending}>
          {group === null ? "Make the group" : "Save"}
        </Button>
      </DialogButtons>
    </Form>
  );
}

interface MembersProps {
  members: readonly string[];
  onChange(members: readonly string[]): void;
}

function Members({ members, onChange }: MembersProps) {
  const cameras = useCameras();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = (cameras.data ?? []).filter(({ name, camera_id }) =>
    `${name} ${camera_id}`.toLowerCase().includes(wanted),
  );
  return (
    <fieldset className={css.members}>
      <legend>Cameras ({members.length} selected)</legend>
      <SearchField label="Search cameras" value={search} onChange={setSearch} />
      <div className={css.choices}>
        {shown.map(({ camera_id, name }) => (
          <Checkbox
            key={camera_id}
            isSelected={members.includes(camera_id)}
            onChange={(isIn) =>
              onChange(
                isIn ? [...members, camera_id] : members.filter((each) => each !== camera_id),
              )
            }
          >
            {name}
          </Checkbox>
        ))}
        {shown.length === 0 && <p>No camera is called like that.</p>}
      </div>
    </fieldset>
  );
}
