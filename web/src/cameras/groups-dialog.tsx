/** Groups of cameras: list, make, rename, fill, delete. */

import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { messageOf } from "../api/errors";
import { type Group, useGroups } from "../api/groups";
import { Button, Dialog, DialogButtons, EmptyState, ErrorNote, IconButton, Spinner } from "../ui";
import { GroupForm } from "./group-form";
import { useDeleteGroup } from "./group-mutations";
import css from "./groups.module.css";

/** What the dialog shows: the list, or the form of a group (null: of a new one). */
type Shown =
  | { kind: "list" }
  | { kind: "form"; group: Group | null }
  | { kind: "delete"; group: Group };

const LIST: Shown = { kind: "list" };

export function GroupsDialog({ isOpen, onClose }: { isOpen: boolean; onClose(): void }) {
  const [shown, setShown] = useState<Shown>(LIST);
  const close = () => {
    setShown(LIST);
    onClose();
  };
  const back = () => setShown(LIST);
  return (
    <Dialog title={titleOf(shown)} isOpen={isOpen} onClose={close} isModal={shown.kind === "form"}>
      {shown.kind === "list" && <List onShow={setShown} onClose={close} />}
      {shown.kind === "form" && <GroupForm group={shown.group} onDone={back} />}
      {shown.kind === "delete" && <Delete group={shown.group} onDone={back} />}
    </Dialog>
  );
}

function titleOf(shown: Shown): string {
  if (shown.kind === "list") return "Groups";
  if (shown.kind === "delete") return `Delete the group ${shown.group.name}?`;
  return shown.group === null ? "New group" : shown.group.name;
}

function List({ onShow, onClose }: { onShow(shown: Shown): void; onClose(): void }) {
  const groups = useGroups();
  if (groups.isPending) return <Spinner label="Loading the groups" isLabelShown />;
  if (groups.isError) return <ErrorNote text={messageOf(groups.error)} />;
  return (
    <>
      {groups.data.length === 0 ? (
        <EmptyState
          title="There are no groups yet"
          text="A group filters lists, and a user can be given the cameras of a group."
        />
      ) : (
        <ul className={css.list}>
          {groups.data.map((group) => (
            <li key={group.group_id}>
              <span className={css.name}>{group.name}</span>
              <span className={css.count}>{countText(group.camera_ids.length)}</span>
              <IconButton
                label={`Change ${group.name}`}
                onPress={() => onShow({ kind: "form", group })}
              >
                <Pencil size={16} aria-hidden />
              </IconButton>
              <IconButton
                label={`Delete ${group.name}`}
                onPress={() => onShow({ kind: "delete", group })}
              >
                <Trash2 size={16} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <DialogButtons>
        <Button onPress={onClose}>Close</Button>
        <Button kind="primary" onPress={() => onShow({ kind: "form", group: null })}>
          <Plus size={16} aria-hidden /> New group
        </Button>
      </DialogButtons>
    </>
  );
}

function Delete({ group, onDone }: { group: Group; onDone(): void }) {
  const remove = useDeleteGroup();
  return (
    <>
      <p>
        Its cameras stay as they are. Users who see cameras only by this group do not see them any
        more.
      </p>
      {remove.error !== null && <ErrorNote text={messageOf(remove.error)} />}
      <DialogButtons>
        <Button onPress={onDone} autoFocus>
          Keep the group
        </Button>
        <Button
          kind="danger"
          isPending={remove.isPending}
          onPress={() => remove.mutate(group.group_id, { onSuccess: onDone })}
        >
          Delete the group
        </Button>
      </DialogButtons>
    </>
  );
}

const countText = (count: number): string => (count === 1 ? "1 camera" : `${count} cameras`);
