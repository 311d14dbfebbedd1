import type { Camera } from "../api/cameras";
import { messageOf } from "../api/errors";
import { Button, Dialog, DialogButtons, ErrorNote, toast } from "../ui";
import { useDeleteCamera } from "./mutations";

interface Props {
  camera: Camera;
  isOpen: boolean;
  onClose(): void;
  onDeleted?(): void;
}

/** Asks before a camera is deleted, and says what happens to its footage. */
export function DeleteDialog({ camera, isOpen, onClose, onDeleted }: Props) {
  const remove = useDeleteCamera(camera.camera_id);
  const confirm = async () => {
    try {
      await remove.mutateAsync();
    } catch {
      return; // the dialog shows it
    }
    toast(`${camera.name} has been deleted; its footage stays.`, "good");
    onClose();
    onDeleted?.();
  };
  return (
    <Dialog title={`Delete ${camera.name}?`} role="alertdialog" isOpen={isOpen} onClose={onClose}>
      <ul>
        <li>Recording stops now, and the stored login of the camera is forgotten.</li>
        <li>
          <strong>Footage that was recorded stays</strong> where it is and can still be played and
          downloaded.
        </li>
        <li>
          The id “{camera.camera_id}” is not used again. Added anew, the camera gets another one.
        </li>
        {camera.device_id !== null && (
          <li>The device “{camera.device_id}” stays, with its other cameras.</li>
        )}
      </ul>
      {remove.error !== null && <ErrorNote text={messageOf(remove.error)} />}
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          Keep the camera
        </Button>
        <Button kind="danger" isPending={remove.isPending} onPress={() => void confirm()}>
          Delete the camera
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
