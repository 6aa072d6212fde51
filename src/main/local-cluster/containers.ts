// The containers of a local cluster: the control plane in one, each node's agent in one with a network of its own. The
// image holds nothing. Each container runs this machine's own programs: its first program enters the mount namespace of
// what started it — Docker's, so that Docker sees what an agent mounts — and starts the program again when it ends, in
// the same network. Docker starts the containers after a restart, and after a reboot of the machine.
import type Docker from 'dockerode'
import { PODS, SERVICES } from '../addresses/cluster-ranges.ts'
import type { ClusterRanges } from '../addresses/cluster-network.ts'
import { CAPABILITIES, UNCONFINED, findNsenter, needsHostCgroups, programMounts } from '../local-node/agent-command.ts'
import type { LocalProgram } from './program.ts'
import type { LocalClusterState, LocalNodeState } from './state.ts'

const LABEL = 'dev.flotilla.local-cluster'
const LOG = { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } }

/** The parent of a container's first program is on the machine, in Docker's mount namespace. */
const SUPERVISE = `
nsenter=$1; shift
child=
trap 'kill -TERM $child 2>/dev/null; wait $child; exit 0' TERM INT
while :; do
  "$nsenter" -t "$PPID" -m "$@" &
  child=$!
  wait $child
  sleep 1
done
`
const ONCE = 'nsenter=$1; shift; exec "$nsenter" -t "$PPID" -m "$@"'

export const networkName = (cluster: string): string => `flotilla-local-${cluster}`
export const controlPlaneContainer = (cluster: string): string => `flotilla-local-${cluster}-control-plane`
export const nodeContainer = (cluster: string, node: string): string => `flotilla-local-${cluster}-${node}`
export const labelsOf = (cluster: string) => ({ [LABEL]: cluster })
/** As a filter. */
export const labelled = (cluster: string): string => `${LABEL}=${cluster}`

/** What a container is made of: an image that holds nothing, and the program on this machine. */
export interface ContainerParts {
  readonly image: string
  readonly program: LocalProgram
}

function common({ image, program }: ContainerParts, cluster: string, script: string, argv: readonly string[]) {
  return {
    Image: image,
    User: '0:0',
    Entrypoint: ['/bin/sh', '-c', script, 'flotilla', findNsenter()],
    Cmd: [...argv],
    Env: Object.entries(program.env).map(([key, value]) => `${key}=${value}`),
    Labels: labelsOf(cluster),
    HostConfig: {
      PidMode: 'host',
      CapDrop: ['ALL'],
      SecurityOpt: UNCONFINED,
      Binds: programMounts(),
      LogConfig: LOG,
      ...(needsHostCgroups() ? { CgroupnsMode: 'host' as const } : {}),
    },
  }
}

/** Runs as whoever made the cluster. */
export function controlPlaneOptions(
  { name, gateway, port, ranges }: LocalClusterState,
  parts: ContainerParts,
  dataDir: string,
): Docker.ContainerCreateOptions {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const serve = [
    'serve', '--data-dir', dataDir, '--listen', `${gateway}:${port}`, '--no-local-node', '--loopback-node-ports',
    ...rangeFlags(ranges),
  ] // prettier-ignore
  const { HostConfig, Env, ...rest } = common(parts, name, SUPERVISE, [
    '-S', String(uid), '-G', String(gid), parts.program.node, parts.program.commandLine, ...serve,
  ]) // prettier-ignore
  return {
    ...rest,
    name: controlPlaneContainer(name),
    Env: [...Env, `HOME=${process.env.HOME ?? '/'}`],
    HostConfig: {
      ...HostConfig,
      NetworkMode: 'host',
      CapAdd: ['SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE', 'SETUID', 'SETGID', 'KILL', 'DAC_OVERRIDE'],
      RestartPolicy: { Name: 'unless-stopped' },
    },
  }
}

export const rangeFlags = ({ clusterCIDRs, serviceCIDRs }: ClusterRanges = {}): string[] => [
  ...(clusterCIDRs ? [PODS.flag, clusterCIDRs.join(',')] : []),
  ...(serviceCIDRs ? [SERVICES.flag, serviceCIDRs.join(',')] : []),
]

export function nodeOptions(
  { name }: LocalClusterState,
  node: LocalNodeState,
  parts: ContainerParts,
  configPath: string,
): Docker.ContainerCreateOptions {
  const { HostConfig, ...rest } = common(parts, name, SUPERVISE, [
    parts.program.node, parts.program.agent, '--config', configPath,
  ]) // prettier-ignore
  return {
    ...rest,
    name: nodeContainer(name, node.name),
    Hostname: node.name,
    NetworkingConfig: { EndpointsConfig: { [networkName(name)]: { IPAMConfig: { IPv4Address: node.ip } } } },
    HostConfig: {
      ...HostConfig,
      NetworkMode: networkName(name),
      CapAdd: CAPABILITIES,
      RestartPolicy: { Name: 'unless-stopped' },
    },
  }
}

/** Removes a node's pods and mounts, then ends. */
export function cleanUpOptions(
  { name }: LocalClusterState,
  parts: ContainerParts,
  configPath: string,
): Docker.ContainerCreateOptions {
  const argv = [parts.program.node, parts.program.agent, '--cleanup', '--config', configPath]
  const { HostConfig, ...rest } = common(parts, name, ONCE, argv)
  return { ...rest, HostConfig: { ...HostConfig, NetworkMode: 'none', CapAdd: CAPABILITIES } }
}
