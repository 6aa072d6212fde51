// How to start the agent: directly as root, or in a container that borrows the host's own programs.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface AgentCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The agent's bundle beside the built control plane (`out/agent/agent.cjs`). @throws Error when it is not built */
export function agentBundle(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder))
    for (const candidate of [join(folder, 'agent', 'agent.cjs'), join(folder, 'out', 'agent', 'agent.cjs')])
      if (existsSync(candidate)) return candidate
  throw new Error('the agent is not built; run: npm run build')
}

/** Electron's executable acts as plain Node when told so. */
const nodeEnv = (): Record<string, string> => (process.versions.electron ? { ELECTRON_RUN_AS_NODE: '1' } : {})

export function agentAsProcess(agentArgs: readonly string[]): AgentCommand {
  return { command: process.execPath, args: [agentBundle(), ...agentArgs], env: nodeEnv() }
}

/** What the agent's work needs: namespaces and mounts, interfaces and rules, other users' processes and files. */
const CAPABILITIES = [
  'SYS_ADMIN', 'NET_ADMIN', 'NET_RAW', 'NET_BIND_SERVICE', 'SYS_PTRACE', 'SYS_CHROOT', 'SYS_RESOURCE', 'DAC_OVERRIDE',
  'DAC_READ_SEARCH', 'CHOWN', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'SETUID', 'SETGID',
] // prettier-ignore

/** The host folders that make the host's programs and libraries work inside an otherwise empty container. */
const HOST_FOLDERS = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/etc',
  '/sys',
  '/run',
  '/var/run',
  '/var/lib/docker',
]

/**
 * `docker run` of the agent in the host's network and process namespaces. The container's image holds nothing: the
 * host's own programs are mounted into it, so nothing has to be pulled and nft and ip match the host's kernel.
 */
export function agentAsContainer(options: {
  agentArgs: readonly string[]
  dataDir: string
  image: string
  name: string
  labels: Readonly<Record<string, string>>
}): AgentCommand {
  const bundle = agentBundle()
  const mounts = HOST_FOLDERS.filter(existsSync).flatMap(folder => ['-v', `${folder}:${folder}`])
  const writable = [options.dataDir, dirname(bundle), dirname(process.execPath)].filter(
    folder => !folder.startsWith('/usr/'),
  )
  return {
    command: 'docker',
    args: [
      'run', '--rm', '-i', '--name', options.name,
      ...Object.entries(options.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
      '--network', 'host', '--pid', 'host', '--uts', 'host', '--user', '0:0', '--cap-drop', 'ALL',
      ...CAPABILITIES.flatMap(capability => ['--cap-add', capability]),
      '--security-opt', 'apparmor=unconfined', '--security-opt', 'seccomp=unconfined', '--security-opt', 'label=disable',
      ...mounts,
      ...[...new Set(writable)].flatMap(folder => ['-v', `${folder}:${folder}:rshared`]),
      ...Object.entries(nodeEnv()).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      '--entrypoint', process.execPath, options.image, bundle, ...options.agentArgs,
    ], // prettier-ignore
    env: {},
  }
}
