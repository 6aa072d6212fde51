// Takes this machine out of the cluster: the agent cleans up what it made (containers, links, rules, mounts).
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from '../process/usage-error.ts'
import { dataDirLayout } from '../data-folder/data-dir.ts'
import { leaveEngine } from './apart/apart-agent.ts'
import { type LocalNodePlan, type NoNode, planLocalNode } from './detect.ts'
import { localAgent } from './local-agent.ts'
import type { PlaceNetwork } from './place.ts'

interface OwnNode {
  readonly dataDir: string
  readonly network?: PlaceNetwork
}

/** @returns what was done, one line each. @throws CommandError when something of ours is left behind */
export const removeLocalNode = (dataDir: string): Promise<string[]> => removeLocalNodes([{ dataDir }], dataDir)

/**
 * @param clusterDir the data folder of the nodes' cluster
 * @returns as `removeLocalNode`
 */
export async function removeLocalNodes(nodes: readonly OwnNode[], clusterDir: string): Promise<string[]> {
  const joined = nodes.filter(({ dataDir }) => existsSync(join(dataDirLayout(dataDir).agent, 'config.json')))
  if (joined.length === 0) return ['this machine was not a node']
  const plan = await planLocalNode()
  if (plan.run === 'not')
    throw new CommandError(`this machine, which is a node, cannot be cleaned up now: ${plan.why}, then do this again`)
  const lines = await Promise.all(joined.map(node => cleanUp(plan, node)))
  // One after the other: the last one takes along what they share.
  if (plan.run === 'apart') for (const { dataDir } of joined) await leaveEngine({ plan, dataDir }, clusterDir)
  return lines.flat()
}

async function cleanUp(plan: Exclude<LocalNodePlan, NoNode>, { dataDir, network }: OwnNode): Promise<string[]> {
  const folder = dataDirLayout(dataDir).agent
  const { command, args, env } = await localAgent({ plan, dataDir, folder, purpose: 'cleanup', network })
  const { code, output } = await collect(command, args, env)
  const lines = output.trim().split('\n').filter(Boolean)
  if (code !== 0) throw new CommandError(`cleaning up this machine failed: ${lines.at(-1) ?? `exit code ${code}`}`)
  return lines
}

function collect(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}
