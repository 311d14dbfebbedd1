import { useParams } from "react-router";
import { CameraList } from "./camera-list";
import { CameraPage } from "./camera-page";

/** The list, or one camera of it. */
export function Cameras() {
  const { id } = useParams();
  return id === undefined ? <CameraList /> : <CameraPage key={id} cameraId={id} />;
}
