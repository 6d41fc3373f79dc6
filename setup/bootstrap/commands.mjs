// @ts-check

/**
 * @typedef {object} Command
 * @property {string} module what runs, compiled; it exports `main(argv): Promise<exit code>`
 * @property {("test" | "bench")[]} [compile] projects beside lib and setup
 * @property {(argv: string[], env: NodeJS.ProcessEnv) => StageName[]} needs what must be ready before it runs
 * @property {boolean} [announce] tells of stages that were ready before, too
 * @property {string} does one line for the list of commands
 */
/** @typedef {"jupyterlab" | "kernel" | "java" | "kafka"} StageName */

/** Java is for the local broker only: with KAFKA_BROKERS set, none is started.
 * @param {string[]} _argv @param {NodeJS.ProcessEnv} env @returns {StageName[]} */
const broker = (_argv, env) => (env["KAFKA_BROKERS"]?.trim() ? [] : ["java", "kafka"]);

/** @param {string[]} argv @param {NodeJS.ProcessEnv} env @returns {StageName[]} */
const notebooks = (argv, env) => (argv.includes("--help") ? [] : ["jupyterlab", "kernel", ...broker(argv, env)]);

/** @returns {StageName[]} */
const nothing = () => [];

/** @type {Record<string, Command>} */
export const commands = {
  start: {
    module: ".state/build/setup/start.js",
    needs: notebooks,
    announce: true,
    does: "opens JupyterLab on the notebooks; Ctrl+C stops it",
  },
  setup: { module: ".state/build/setup/setup.js", needs: nothing, announce: true, does: "installs what is missing, nothing else" },
  test: { module: ".state/build/setup/test.js", compile: ["test"], needs: () => ["jupyterlab", "kernel", "java", "kafka"], does: "lint, types and all tests" },
  "test:cluster": { module: ".state/build/setup/testCluster.js", compile: ["test"], needs: (argv) => (argv.includes("--help") ? [] : ["java", "kafka"]), does: "tests on a broker with TLS and passwords, and on three brokers" },
  "test:container": { module: ".state/build/setup/testContainer.js", compile: ["test"], needs: nothing, does: "builds the image of Dockerfile.colab and tries it" },
  lint: { module: ".state/build/setup/lint.js", compile: ["test"], needs: nothing, does: "lint and types" },
  walkthrough: { module: ".state/build/setup/walkthrough.js", needs: notebooks, does: "runs every notebook, headless" },
  kafka: {
    module: "lib/dist/commands/kafka.js",
    needs: (argv) => (argv[0] === "start" ? ["java", "kafka"] : []),
    does: "start | stop | status of the local broker",
  },
  assistant: { module: "lib/dist/commands/assistant.js", needs: broker, does: "one assistant in the foreground" },
  chat: { module: "lib/dist/commands/chat.js", needs: broker, does: "a chat in the terminal" },
  errors: { module: "lib/dist/commands/errors.js", needs: nothing, does: "list | show | resend records that could not be answered" },
  memory: { module: "lib/dist/commands/memory.js", needs: nothing, does: "check | rebuild the memory from the chat topic" },
  chaos: { module: ".state/build/test/chaos/main.js", compile: ["test"], needs: () => ["java", "kafka"], does: "kills assistants and the broker at random, then counts" },
  bench: { module: ".state/build/bench/bench.js", compile: ["bench"], needs: (argv, env) => (["--help", "-h", "--readme"].some((only) => argv.includes(only)) ? [] : broker(argv, env)), does: "the benchmark" },
  evaluate: { module: ".state/build/bench/evaluate.js", compile: ["bench"], needs: nothing, does: "how well the model answers" },
};
