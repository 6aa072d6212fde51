// Runs the admission plugins: every mutation first, in order, once more when one asks for it, then every check.
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/contract.ts'

export interface AdmissionChain {
  mutate(request: AdmissionRequest): Promise<void>
  validate(request: AdmissionRequest): Promise<void>
  /** Tells that the write is over, however it ended. */
  settle(request: AdmissionRequest): void
}

export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  const settling = plugins.filter(plugin => plugin.settle)
  return {
    async mutate(request) {
      let again = false
      for (const plugin of plugins) if (plugin.mutate) again = (await plugin.mutate(request)) === 'again' || again
      if (again) for (const plugin of plugins) if (plugin.mutate) await plugin.mutate(request)
    },
    async validate(request) {
      for (const plugin of plugins) if (plugin.validate) await plugin.validate(request)
    },
    settle(request) {
      for (const plugin of settling) plugin.settle?.(request)
    },
  }
}
