// A terminal that tells something on SIGUSR2, whatever is being typed. Tells its process id first.
import { Terminal } from "kafka-llm-chat/internal/commands/Terminal.js";

const terminal = new Terminal({ prompt: "You: ", onInterrupt: () => terminal.close() });
process.on("SIGUSR2", () => terminal.notice("Something has happened."));
terminal.write(`process ${process.pid}\n`);
for (let line = await terminal.ask(); line !== undefined; line = await terminal.ask()) terminal.write(`asked: ${line}\n`);
