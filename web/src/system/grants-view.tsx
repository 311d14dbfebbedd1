/** What somebody may do and see, as short marks. */

import { Badge } from "../ui";
import css from "./access.module.css";
import { type Grants, PERMISSIONS, type Permission } from "./grants";
import type { Names } from "./names";

export function GrantsView({ grants, names }: { grants: Grants; names: Names }) {
  if (grants.all_cameras) return <span>All cameras</span>;
  if (grants.camera_ids.length + grants.group_ids.length === 0) {
    return <Badge tone="busy">No camera</Badge>;
  }
  return (
    <ul className={css.marks}>
      {grants.group_ids.map((id) => (
        <li key={`group ${id}`}>
          <Badge tone="accent">Group {names.groups.get(id) ?? id}</Badge>
        </li>
      ))}
      {grants.camera_ids.map((id) => (
        <li key={id}>
          <Badge>{names.cameras.get(id) ?? id}</Badge>
        </li>
      ))}
    </ul>
  );
}

export function PermissionsView({ permissions }: { permissions: readonly Permission[] }) {
  if (permissions.length === PERMISSIONS.length) return <span>Everything</span>;
  return (
    <ul className={css.lines}>
      {PERMISSIONS.filter(({ id }) => permissions.includes(id)).map(({ id, label }) => (
        <li key={id} title={id}>
          {label}
        </li>
      ))}
    </ul>
  );
}
