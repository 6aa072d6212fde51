// Why the machine of the control plane is no node, for as long as there is none.
import { useIntervalFn } from '@vueuse/core'
import { type ShallowRef, shallowRef } from 'vue'
import { LOCAL_NODE_PATH, type LocalNodeReport } from '../../shared/machinery/local-node.ts'
import { ApiError } from '../../shared/machinery/status.ts'
import { connection } from '../api/connection.ts'

const ASK_AGAIN_MS = 3_000

/** Ends with its scope. @returns undefined where nothing is known, such as in clusters of others */
export function useNotJoined(isWanted: () => boolean): Readonly<ShallowRef<string | undefined>> {
  const why = shallowRef<string>()
  async function ask(): Promise<void> {
    if (!isWanted()) return
    const report = await connection.client.raw('GET', LOCAL_NODE_PATH).catch((error: unknown) => {
      // Who may not know it now will not know it in a moment.
      if (error instanceof ApiError && error.code < 500) pause()
    })
    why.value = (report as LocalNodeReport | undefined)?.notJoined
  }
  const { pause } = useIntervalFn(() => void ask(), ASK_AGAIN_MS, { immediateCallback: true })
  return why
}
