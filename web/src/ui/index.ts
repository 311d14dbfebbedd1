/** Shared components; pages import from here. */

export * from "./button";
export * from "./choice";
export * from "./dialog";
export * from "./field";
export * from "./form-error";
export * from "./format";
export * from "./menu";
export * from "./notes";
export * from "./page";
export * from "./page-title";
export * from "./table";
export * from "./tabs";
export * from "./toast";
export * from "./values";
