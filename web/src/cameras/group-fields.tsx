import { messageOf } from "../api/errors";
import { type Group, useGroups } from "../api/groups";
import { Checkbox, toast } from "../ui";
import css from "./camera-page.module.css";
import { useChangeGroup } from "./group-mutations";

/** Which groups the camera is in; a tick acts at once. */
export function GroupFields({ cameraId, isReadOnly }: { cameraId: string; isReadOnly: boolean }) {
  const groups = useGroups();
  if (!groups.data || groups.data.length === 0) return null;
  return (
    <fieldset className={css.login}>
      <legend className="visually-hidden">Groups</legend>
      <h3>Groups</h3>
      {groups.data.map((group) => (
        <Member key={group.group_id} group={group} cameraId={cameraId} isReadOnly={isReadOnly} />
      ))}
    </fieldset>
  );
}

interface Props {
  group: Group;
  cameraId: string;
  isReadOnly: boolean;
}

function Member({ group, cameraId, isReadOnly }: Props) {
  const change = useChangeGroup();
  const put = (isIn: boolean) => {
    const others = group.camera_ids.filter((each) => each !== cameraId);
    const camera_ids = isIn ? [...others, cameraId] : others;
    change.mutate(
      { group_id: group.group_id, body: { camera_ids } },
      { onError: (error) => toast(`${group.name}: ${messageOf(error)}`, "bad") },
    );
  };
  return (
    <Checkbox
      isSelected={group.camera_ids.includes(cameraId)}
      isDisabled={isReadOnly || change.isPending}
      onChange={put}
    >
      {group.name}
    </Checkbox>
  );
}
