import { createRequire } from "node:module";

const changed = new Set<string>();

/**
 * Puts another method into the place of one of kafkajs's, where it has no option for what is needed; the second time it does nothing.
 * @param module below `kafkajs/src/`; what it exports is the class
 * @param change gets kafkajs's own method, and gives the one that is called from now on
 */
export function changeKafkajs<Class, Name extends string & keyof Class>(module: string, name: Name, change: (own: Class[Name]) => Class[Name]): void {
  const method = `${module} ${name}`;
  if (changed.has(method)) return;
  changed.add(method);
  const { prototype } = createRequire(import.meta.url)(`kafkajs/src/${module}`) as { prototype: Class };
  prototype[name] = change(prototype[name]);
}
