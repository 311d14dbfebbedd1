export { System } from "./system";
