/** What a build must know of this machine to reach the network: proxies, and certificates to trust. */
export function networkArguments(): string[] {
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]).filter((name) => process.env[name]);
  const certificates = process.env["NODE_EXTRA_CA_CERTS"] ?? process.env["PIP_CERT"];
  return [
    ...proxies.map((name) => `--build-arg=${name}`),
    ...(certificates === undefined ? [] : [`--secret=id=ca,src=${certificates}`]),
  ];
}
