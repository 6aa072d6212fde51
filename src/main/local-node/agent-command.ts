// How to start the agent: directly as root, or, for users without root, in a container of the same rights.
import { existsSync } from 'node:fs'
import { CommandError } from '../process/usage-error.ts'
import type { AgentProgram } from './agent-program.ts'
import { dockerHost } from './docker-socket.ts'

export interface AgentCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export function agentAsProcess({ node, bundle, env }: AgentProgram, agentArgs: readonly string[]): AgentCommand {
  return { command: node, args: [bundle, ...agentArgs], env }
}

/**
 * What the agent's work needs, and no more: other processes' namespaces and mounts (SYS_ADMIN, SYS_CHROOT, SYS_PTRACE),
 * links, rules and the DNS port (NET_*), volumes with other owners (DAC_OVERRIDE, CHOWN, FOWNER, FSETID), the end of
 * processes that an exec left behind (KILL).
 */
export const CAPABILITIES = [
  'SYS_ADMIN', 'SYS_CHROOT', 'SYS_PTRACE', 'NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE',
  'DAC_OVERRIDE', 'CHOWN', 'FOWNER', 'FSETID', 'KILL',
] // prettier-ignore

/** Where nsenter(1) and its libraries are, on any distribution. */
const PROGRAM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/nix', '/gnu']
const NSENTER = ['/usr/bin/nsenter', '/bin/nsenter', '/run/current-system/sw/bin/nsenter']

/** @throws CommandError when it is missing */
export function findNsenter(): string {
  const nsenter = NSENTER.find(path => existsSync(path))
  if (nsenter === undefined) throw new CommandError('nsenter is missing; install the package util-linux')
  return nsenter
}
export const programMounts = (): string[] =>
  PROGRAM_FOLDERS.filter(folder => existsSync(folder)).map(folder => `${folder}:${folder}:ro`)
/** The first version of cgroups already has processes in the host's namespace and may not know the option. */
export const needsHostCgroups = (): boolean => existsSync('/sys/fs/cgroup/cgroup.controllers')
export const UNCONFINED = ['apparmor=unconfined', 'seccomp=unconfined', 'label=disable']

export interface AgentContainer {
  readonly program: AgentProgram
  readonly agentArgs: readonly string[]
  readonly dockerSocket: string
  readonly image: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * `docker run` of the agent for a user who is not root. The image holds nothing; the container's first program enters
 * the mount namespace of this process. From there on the agent is what it is as root: it runs the host's own node, nft
 * and ip, sees host paths as they are named, may change kernel settings, and what it mounts is seen by Docker whether
 * or not the host's mounts are shared.
 * @throws CommandError when nsenter is missing
 */
export function agentAsContainer({
  program,
  agentArgs,
  dockerSocket,
  image,
  name,
  labels,
}: AgentContainer): AgentCommand {
  const nsenter = findNsenter()
  const options = [
    ...(needsHostCgroups() ? ['--cgroupns', 'host'] : []),
    ...programMounts().flatMap(mount => ['--volume', mount]),
    ...Object.entries(program.env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
  ]
  const argv = [nsenter, '-t', String(process.pid), '-m', program.node, program.bundle, ...agentArgs]
  return runContainer({ dockerSocket, name, labels, image, options: [...agentRights(), ...options], argv })
}

/**
 * In the machine's namespaces, with what the agent's work needs.
 * @param holder a container whose network it has instead
 */
export const agentRights = (holder?: string): string[] => [
  ...(holder === undefined ? ['--network', 'host', '--uts', 'host'] : ['--network', `container:${holder}`]),
  '--pid', 'host', '--user', '0:0', '--cap-drop', 'ALL', ...CAPABILITIES.flatMap(capability => ['--cap-add', capability]),
  ...UNCONFINED.flatMap(option => ['--security-opt', option]),
] // prettier-ignore

export interface ContainerRun {
  readonly dockerSocket: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly image: string
  readonly options: readonly string[]
  readonly argv: readonly string[]
}

/** `docker run` of a container that ends with its standard input, and is gone then. */
export function runContainer({ dockerSocket, name, labels, image, options, argv }: ContainerRun): AgentCommand {
  const [entrypoint = '', ...rest] = argv
  return {
    command: dockerClient(),
    args: [
      // The user's own choice of a context must not send the agent to another machine.
      '--host', dockerHost(dockerSocket),
      'run', '--rm', '--interactive', '--name', name, '--log-driver', 'none',
      ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      ...options, '--entrypoint', entrypoint, image, ...rest,
    ], // prettier-ignore
    env: {},
  }
}

/** An app that was opened from macOS's Finder has few folders in its PATH. */
const CLIENTS = [
  '/usr/local/bin/docker',
  '/opt/homebrew/bin/docker',
  '/Applications/Docker.app/Contents/Resources/bin/docker',
]
const dockerClient = (): string =>
  (process.platform === 'darwin' ? CLIENTS.find(path => existsSync(path)) : undefined) ?? 'docker'
