import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Camera } from "../api/cameras";
import { messageOf } from "../api/errors";
import { useMayManage } from "../app/session";
import { Button, Checkbox, Dialog, DialogButtons, ErrorNote, toast } from "../ui";
import css from "./cameras.module.css";
import { deviceQuery } from "./device-query";
import { useDeleteCamera } from "./mutations";

interface Props {
  camera: Camera;
  isOpen: boolean;
  onClose(): void;
  onDeleted?(): void;
}

/** Asks before a camera is deleted, and says what happens to its footage. */
export function DeleteDialog({ camera, isOpen, onClose, onDeleted }: Props) {
  return (
    <Dialog title={`Delete ${camera.name}?`} role="alertdialog" isOpen={isOpen} onClose={onClose}>
      <Question camera={camera} onClose={onClose} onDeleted={onDeleted} />
    </Dialog>
  );
}

interface QuestionProps {
  camera: Camera;
  onClose(): void;
  onDeleted: (() => void) | undefined;
}

function Question({ camera, onClose, onDeleted }: QuestionProps) {
  const isAlone = useIsAlone(camera);
  const [isWithDevice, setWithDevice] = useState(true);
  const remove = useDeleteCamera(camera);
  const confirm = async () => {
    try {
      await remove.mutateAsync({ isWithDevice: isAlone && isWithDevice });
    } catch {
      return; // the dialog shows it
    }
    toast(`${camera.name} has been deleted; its footage stays.`, "good");
    onClose();
    onDeleted?.();
  };
  return (
    <>
      <ul className={css.bullets}>
        <li>Recording stops now, and the stored login of the camera is forgotten.</li>
        <li>
          <strong>Footage that was recorded stays</strong> where it is and can still be played and
          downloaded.
        </li>
        <li>
          The id “{camera.camera_id}” is not used again. Added anew, the camera gets another one.
        </li>
        {camera.device_id !== null && !isAlone && (
          <li>The device “{camera.device_id}” stays, with its other cameras.</li>
        )}
      </ul>
      {isAlone && (
        <Checkbox isSelected={isWithDevice} onChange={setWithDevice}>
          Forget its device “{camera.device_id}” and the device's login, too
        </Checkbox>
      )}
      {remove.error !== null && <ErrorNote text={messageOf(remove.error)} />}
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          Keep the camera
        </Button>
        <Button kind="danger" isPending={remove.isPending} onPress={() => void confirm()}>
          Delete the camera
        </Button>
      </DialogButtons>
    </>
  );
}

/** Whether a device would be left that has no camera any more. */
function useIsAlone({ device_id }: Camera): boolean {
  const enabled = useMayManage() && device_id !== null;
  const device = useQuery({ ...deviceQuery(device_id ?? ""), enabled });
  return device.data?.cameras.length === 1;
}
