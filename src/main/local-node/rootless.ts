// Docker without root's rights: its daemon has a user namespace of its own, in which the user is root. An agent that
// enters it, with the mounts and the network of the daemon, is there what an agent of root is on the machine.
// @see https://docs.docker.com/engine/security/rootless/
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type AgentCommand, agentAsProcess, findNsenter } from './agent-command.ts'
import type { AgentProgram } from './agent-program.ts'

/** @returns the process of this user's daemon; undefined where it is not the one that serves this socket */
export async function rootlessDaemon(dockerSocket: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(join(dirname(dockerSocket), 'docker.pid'), 'utf8'))
    if (!Number.isInteger(pid) || pid < 1) return undefined
    const [{ uid }, name] = await Promise.all([stat(`/proc/${pid}`), readFile(`/proc/${pid}/comm`, 'utf8')])
    return uid === process.getuid?.() && name.trim() === 'dockerd' ? pid : undefined
  } catch {
    return undefined // there is no such file, or no such process any more
  }
}

/**
 * @param held a process of that Docker's whose network it is to have instead of the daemon's
 * @throws Error when nsenter is missing
 */
export function agentInside(
  daemon: number,
  program: AgentProgram,
  agentArgs: readonly string[],
  held = daemon,
): AgentCommand {
  const { command, args, env } = agentAsProcess(program, agentArgs)
  const enter = [
    '--user',
    '--preserve-credentials',
    '--mount',
    `--net=/proc/${held}/ns/net`,
    '--target',
    String(daemon),
  ]
  return { command: findNsenter(), args: [...enter, command, ...args], env }
}

/** Where agents say whose the daemon's network is: beside the socket, since only root writes where others look. */
export const claimFolderOf = (dockerSocket: string): string => join(dirname(dockerSocket), 'flotilla')

/** Where rootless engines look for networks of CNI plugins: those of the machine are root's, and often for its eyes only. */
export const cniFolder = (): string => join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cni/net.d')
