export { Live } from "./live";
