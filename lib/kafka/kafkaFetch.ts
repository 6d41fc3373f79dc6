/** fetch, through the proxy that the environment names. */
export const kafkaFetch = fetch;
