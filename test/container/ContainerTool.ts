/** A program that builds images and runs containers. */
export interface ContainerTool {
  /** @throws Error with the end of the build's output; all of it is in the log */
  build(options: BuildOptions): Promise<Image>;
  /** Removes whatever it has made. Idempotent. */
  remove(): Promise<void>;
}

export interface BuildOptions {
  /** Folder that is sent to the build; the Dockerfile is in it. */
  context: string;
  dockerfile: string;
  /** Passed as BASE_IMAGE; `debian`: one made by debootstrap. Default: the Dockerfile's, or the tool's. */
  base: string | undefined;
  log: string;
}

export interface Image {
  config: ImageConfig;
  /** For people: "1.99 GB". */
  size: string;
  /** Starts a container; it does not wait for anything in it. */
  start(options: StartOptions): Promise<Container>;
}

/** As Docker words it. */
export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  ExposedPorts: Record<string, object>;
  Volumes: Record<string, object>;
  Healthcheck: { Test: string[] };
}

export interface StartOptions {
  /** Default: the image's. */
  command?: string[];
  /** Default: none. */
  env?: Record<string, string>;
  /** Default: the image's. */
  user?: string;
  /** Name of its volume /state: what one container leaves there, the next one finds. */
  volume: string;
  /** Whether it reaches other machines, where the tool can do that. Default false. */
  network?: boolean;
}

export interface Container {
  /** Runs a program in it. */
  exec(command: string[]): Promise<{ code: number; output: string }>;
  /** Sends one GET request to its port 8888, from outside. */
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** What it has printed so far. */
  output(): string;
  /** Its exit code. */
  ended: Promise<number>;
  /** What `docker stop` does: SIGTERM, after 10 s SIGKILL. */
  stop(): Promise<{ code: number; seconds: number }>;
  /** Its processes that still run, where they can be seen from outside. */
  left(): string[];
}

export interface Answer {
  /** 101 when the server has agreed to speak WebSocket. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
}
