/** A kernel's text, as the bundler and Deno hand it over with `with { type: "text" }`. */
declare module "*.wgsl" {
  const text: string;
  export default text;
}
