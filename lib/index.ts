export { readSettings, type ClusterSettings, type Settings } from "./settings.js";
export type { OnProgress, Progress } from "./progress.js";

export { freePort } from "./daemon/port.js";
export { waitUntil, type WaitOptions } from "./daemon/waitUntil.js";

export { findKafka, type RunningKafka, stopKafka } from "./kafka/findKafka.js";
export { startKafka, type StartKafkaOptions } from "./kafka/startKafka.js";
export { fetchJars, type FetchJarsOptions } from "./kafka/fetchJars.js";
export { findJava, type FindJavaOptions, type Java } from "./kafka/java.js";
export { jarFile, type KafkaRelease, kafkaRelease } from "./kafka/kafkaRelease.js";
export { checkReachable, ClusterUnreachableError } from "./kafka/checkReachable.js";
export { SignInError } from "./kafka/checkSignIn.js";
export { connectKafka } from "./kafka/connectKafka.js";
export { partitionOfKey } from "./kafka/partitionOfKey.js";

export { buildLlama, type BuildLlamaOptions } from "./model/buildLlama.js";
export { catalogue, type CatalogueEntry } from "./model/catalogue.js";
export { ChatNodeLlamaCpp, type GenerationFacts } from "./model/ChatNodeLlamaCpp.js";
export { downloadModel, type DownloadModelOptions } from "./model/downloadModel.js";
export { explainDevice } from "./model/explainDevice.js";
export { describeDevice, type LlamaDevice } from "./model/loadLlama.js";
export { type LocalBuild, readLocalBuild } from "./model/localBuild.js";
export { type LoadedModel, loadModel } from "./model/loadModel.js";
export { ModelError, type ResolvedModel, resolveModel, type ResolveModelOptions } from "./model/resolveModel.js";
export { originalSampling, type Sampling } from "./model/Sampling.js";

export type { AssistantEvent } from "./chat/AssistantEvent.js";
export { type ChatMessage, parseMessage, serializeMessage, timestampNow } from "./chat/ChatMessage.js";
export { type Chat, MessageRefusedError, NoReplyError, type SayOptions } from "./chat/Chat.js";
export { openChat, type OpenChatOptions } from "./chat/openChat.js";
export { buildPrompt, GREETING, MEMORY_TOKENS, PERSONA } from "./chat/prompt.js";
export { readReply, type Reply } from "./chat/Reply.js";
export type { PersonTimes } from "./chat/TurnClock.js";
export { pacedModel } from "./chat/pacedModel.js";
export { type ConversationEvent, followConversation, type FollowOptions } from "./chat/followConversation.js";
export { type FailedRecord, listErrors, resend } from "./chat/errorTopic.js";
export { cancelReplies, type CancelRepliesOptions, type CancelWish } from "./chat/cancelReplies.js";
export { checkMemory, type MemoryCheck } from "./chat/checkMemory.js";
export { type RunningAssistant, startAssistant, type StartAssistantOptions } from "./chat/startAssistant.js";
export { type AssistantProcess, startAssistantProcess, type StartAssistantProcessOptions } from "./commands/startAssistantProcess.js";
export { type ChatTopics, ensureChatTopics, topicsOf } from "./chat/topics.js";

export { drawTurn } from "./notebook/drawTurn.js";
export { drawWorkers, type DrawWorkersOptions } from "./notebook/drawWorkers.js";
export { formatRecords } from "./notebook/formatRecords.js";
export { markdownTable } from "./notebook/markdownTable.js";
export { maskIds } from "./notebook/maskIds.js";
export { readRecords, type ReadRecordsOptions } from "./notebook/readRecords.js";
export { readTopic, type ReadTopicOptions } from "./notebook/readTopic.js";
export { showProgress } from "./notebook/showProgress.js";
export { summarizeTurns, type TurnSummary } from "./notebook/summarizeTurns.js";
