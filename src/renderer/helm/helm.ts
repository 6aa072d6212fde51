// What helm is to do, and whether there is a helm to do it: the desktop app runs the user's own.
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { type HelmOperation, helmArguments } from '../../shared/machinery/helm-operation.ts'
import { line } from '../create/kubectl-command.ts'
import type { ReleaseHistory, ReleaseRevision } from './release.ts'

/** @returns undefined while a name is not one */
export function helmCommand(operation: HelmOperation): string | undefined {
  try {
    const words = helmArguments(operation).map(word => (word === '--values=-' ? '--values=values.yaml' : word))
    return line('helm', ...words)
  } catch {
    return undefined
  }
}

export const useHelmStore = defineStore('helm', () => {
  const version = ref<string>()
  const asked = shallowRef<HelmOperation>()
  const { flotilla } = window
  void flotilla?.invoke('helm:version').then(found => (version.value = found))

  const askToRollBack = ({ namespace, name, revision }: ReleaseRevision) =>
    (asked.value = { do: 'rollback', namespace, name, revision })
  const askToUninstall = ({ namespace, name }: ReleaseHistory) =>
    (asked.value = { do: 'uninstall', namespace, name, keepHistory: false })
  /** @returns what it printed. @throws Error with what helm complains of */
  async function run(operation: HelmOperation): Promise<string> {
    if (!flotilla) throw new Error('a browser cannot run helm')
    return await flotilla.invoke('helm:run', operation)
  }

  return { version, asked, askToRollBack, askToUninstall, run }
})
