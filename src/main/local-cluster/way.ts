// How a local cluster runs, apart from what is the same for all: by containers alone, or by a process of this machine.
import type Docker from 'dockerode'
import type { Node } from '../../shared/api/core/v1.ts'
import type { ApartPlan, NodePlan, RootlessPlan } from '../local-node/detect.ts'
import type { LocalProgram } from './program.ts'
import type { LocalClusterState } from './state.ts'

export interface LocalClusterParts {
  readonly docker: Docker
  readonly plan: NodePlan | RootlessPlan | ApartPlan
  /** Folder of all local clusters. */
  readonly base: string
  /** What the containers run; made ready when first asked for. */
  readonly program: () => Promise<LocalProgram>
  /** Runs a control plane here, which outlives whoever asked for it. */
  readonly serve: Serve
  /** Nodes of the running cluster. @throws while it does not answer */
  readonly listNodes: (dataDir: string) => Promise<readonly Node[]>
  readonly say: (line: string) => void
}

/** What is under way, which somebody waits for. */
export interface Started {
  /** Resolves when it cannot come up any more, with the reason. */
  readonly ended: Promise<string>
}

/** @param args of the command line */
export type Serve = (args: readonly string[], logPath: string) => Promise<Started>

/** Each step leaves what is there already. */
export interface Way {
  /** What takes long, before anything of the cluster is there. */
  prepare(): Promise<void>
  /** For the first time. */
  make(state: LocalClusterState): Promise<Started>
  /** Again. */
  start(state: LocalClusterState): Promise<Started>
  /** Ends agents, which would start their pods again, before the pods, and the control plane after its agents' last words. */
  stop(state: LocalClusterState, stopPods: () => Promise<void>): Promise<void>
  /** Nothing runs afterwards, and nothing of the nodes is left but what Docker knows by the cluster's label. */
  cleanUp(state: LocalClusterState): Promise<void>
  /** When all of that is gone, too. */
  forget(): Promise<void>
  /** Names of nodes, and whether the control plane runs. */
  running(state: LocalClusterState): Promise<{ readonly nodes: number; readonly isRunning: boolean }>
  /** What to look at when it does not come up. */
  see(state: LocalClusterState): string
}

/** For what Docker removes or stops that is not there, or does not run. */
export const gone = (error: { statusCode?: number }): void => {
  if (error.statusCode !== 404 && error.statusCode !== 304) throw error
}

/** Of what Docker runs, which nobody here sees end. */
export const STARTED: Started = { ended: new Promise(() => undefined) }
