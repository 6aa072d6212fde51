// The API server as the control plane wires it: RBAC, the Node authorizer, every admission plugin and subresource.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Client } from '../../../../src/shared/client/client.ts'
import { systemClock } from '../../../../src/shared/machinery/clock.ts'
import { ApiError } from '../../../../src/shared/machinery/status.ts'
import { createAdmission } from '../../../../src/main/apiserver/admission/plugins.ts'
import type { AdmissionSettings } from '../../../../src/main/apiserver/admission/settings.ts'
import { createAuthorization } from '../../../../src/main/apiserver/authz/authorizers.ts'
import { bootstrapCluster } from '../../../../src/main/apiserver/bootstrap/bootstrap.ts'
import type { SubresourceHandler } from '../../../../src/main/apiserver/endpoints/contract.ts'
import { subresourceHandlers } from '../../../../src/main/apiserver/endpoints/subresources.ts'
import { NodeTunnels } from '../../../../src/main/apiserver/proxy/node-tunnels.ts'
import type { UserInfo } from '../../../../src/main/apiserver/request.ts'
import { renderKubeconfig } from '../../../../src/main/pki/pki.ts'
import {
  startTestApiServer,
  testAdmin,
  type TestApiServer,
  type TestApiServerOptions,
} from '../../../support/api-server.ts'

export interface SecuredCluster extends AsyncDisposable {
  readonly api: TestApiServer
  readonly admin: Client
  readonly tunnels: NodeTunnels
  as(name: string, ...groups: string[]): Client
  /** The client of a node's agent. */
  node(name: string): Client
  /** Runs kubectl as the admin, or with a bearer token. */
  kubectl(args: readonly string[], token?: string): Promise<{ code: number; stdout: string; stderr: string }>
}

export const user = (name: string, ...groups: string[]): UserInfo => ({
  name,
  groups: [...groups, 'system:authenticated'],
})

export interface SecuredClusterOptions extends TestApiServerOptions {
  /** What its admission plugins are told. */
  readonly admissionSettings?: AdmissionSettings
  /** metrics.k8s.io, out of what is behind the nodes' links. */
  readonly withMetrics?: (tunnels: NodeTunnels) => SubresourceHandler[]
}

export async function startSecuredCluster(options: SecuredClusterOptions = {}): Promise<SecuredCluster> {
  const { admissionSettings: settings, withMetrics } = options
  const tunnels = new NodeTunnels(systemClock)
  const parts: Disposable[] = []
  const api = await startTestApiServer({
    ...options,
    withStore(store) {
      const authorization = createAuthorization(store)
      const admission = createAdmission({ store, serviceCIDRs: ['10.96.0.0/16'], nodes: tunnels, settings })
      parts.push(authorization, admission)
      return {
        authorizers: authorization.authorizers,
        admission: admission.plugins,
        subresources: [...subresourceHandlers({ tunnels }), ...(withMetrics?.(tunnels) ?? [])],
        nodes: tunnels,
      }
    },
  })
  await bootstrapCluster(api.server.context, {
    user: testAdmin,
    network: { kubernetesServiceIP: '10.96.0.1', clusterDNSs: ['10.96.0.10'], serviceCIDRs: ['10.96.0.0/16'] },
    authorities: { clients: api.pki.caPem, frontProxy: api.pki.frontProxy.caPem },
  })
  const admin = api.clientAs()
  return {
    api,
    admin,
    tunnels,
    as: (name, ...groups) => api.clientAs(user(name, ...groups)),
    node: name => api.clientAs(user(`system:node:${name}`, 'system:nodes')),
    async kubectl(args, token) {
      const kubeconfig = join(api.dataDir, token === undefined ? 'kubeconfig' : 'kubeconfig-token')
      if (token !== undefined) {
        const text = renderKubeconfig({
          server: api.url,
          caPem: api.pki.caPem,
          name: 'test',
          user: 'token',
          ...api.pki.admin,
        })
        await writeFile(
          kubeconfig,
          text.replace(/^ *client-(certificate|key)-data:.*\n/gm, line =>
            line.includes('key') ? `${/^ */.exec(line)![0]}token: ${token}\n` : '',
          ),
        )
      }
      const env = { PATH: process.env.PATH, HOME: api.dataDir, KUBECONFIG: kubeconfig }
      return promisify(execFile)('kubectl', args, { env, timeout: 20_000 }).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: { code?: number; stdout?: string; stderr?: string }) => ({
          code: error.code ?? -1,
          stdout: error.stdout ?? '',
          stderr: error.stderr ?? '',
        }),
      )
    },
    async [Symbol.asyncDispose]() {
      await tunnels[Symbol.asyncDispose]()
      for (const part of parts) part[Symbol.dispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

/** @returns the error that a call fails with */
export const failure = (call: Promise<unknown>): Promise<ApiError> =>
  call.then(
    () => Promise.reject(new Error('should have been refused')),
    (error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    },
  )
