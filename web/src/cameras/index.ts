export { Cameras } from "./cameras";
