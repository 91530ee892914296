import { isExplicit, type S3Place } from "./_s3_place.ts";

/** What the client reads when it is loaded, wherever its credentials come from. */
const AT_LOAD = [
  "AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA",
  "AWS_LAMBDA_BENCHMARK_MODE",
  "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED",
];

/** What the credential chain reads: all variables of the AWS tools, and where the user's folder is. */
const BY_CHAIN = ["AWS_*", "HOME", "USERPROFILE", "HOMEPATH", "HOMEDRIVE"];

/**
 * Where the chain asks for the credentials of a container (ECS, EKS) and of an instance (EC2):
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
const LOCAL_HOSTS = ["169.254.170.2:80", "169.254.170.23:80", "169.254.169.254:80"];

/** What a storage needs: the server; the environment and the files of the credential chain if it is used. */
export function s3Permissions(place: S3Place): Deno.PermissionOptionsObject {
  const { credentials } = place;
  if (isExplicit(credentials)) return { net: [hostOf(place)], env: AT_LOAD };
  const net = [hostOf(place), ...LOCAL_HOSTS];
  // Roles of a profile, and those of a pod or a CI job, are taken on by STS or by single sign-on.
  if (!net[0]!.startsWith("*")) net.push("*.amazonaws.com:443");
  return { net, env: BY_CHAIN, read: chainFiles() };
}

/** The host and port that requests go to, as a permission. */
function hostOf({ endpoint, bucket, region, forcePathStyle }: S3Place): string {
  if (endpoint !== undefined) {
    const { hostname, port, protocol } = new URL(endpoint);
    const isPlain = forcePathStyle || bucket.includes(".") || /^[\d.]+$|^\[/.test(hostname);
    const host = isPlain ? hostname : `${bucket}.${hostname}`;
    return `${host}:${port || (protocol === "https:" ? 443 : 80)}`;
  }
  if (region === undefined) return "*.amazonaws.com:443";
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}:443`;
  return forcePathStyle || bucket.includes(".") ? host : `${bucket}.${host}`;
}

/** The shared files: https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html */
function chainFiles(): string[] {
  const home = variable("HOME") ?? variable("USERPROFILE");
  const inHome = (name: string) => home === undefined ? [] : [`${home}/.aws/${name}`];
  const named = (name: string, otherwise: string) => {
    const path = variable(name);
    return path ? [path] : inHome(otherwise);
  };
  return [
    ...named("AWS_CONFIG_FILE", "config"),
    ...named("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ...inHome("sso/cache"),
    ...[variable("AWS_WEB_IDENTITY_TOKEN_FILE") ?? []].flat(),
    ...[variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") ?? []].flat(),
  ];
}

/** The value of a variable; nothing where it may not be read, which is not asked for here. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
