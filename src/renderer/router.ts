// The window's places. Views load when first visited.
import { createRouter, createWebHistory } from 'vue-router'
import { lazy } from './lazy/lazy-component.ts'
import OverviewView from './views/OverviewView.vue'
import ResourceListView from './views/ResourceListView.vue'

export const router = createRouter({
  history: createWebHistory('/ui/'),
  routes: [
    { path: '/', name: 'overview', component: OverviewView },
    { path: '/topology', name: 'topology', component: lazy(() => import('./views/TopologyView.vue')) },
    { path: '/timeline', name: 'timeline', component: lazy(() => import('./views/TimelineView.vue')) },
    { path: '/hosts', name: 'hosts', component: lazy(() => import('./views/HostsView.vue')) },
    { path: '/forwards', name: 'forwards', component: lazy(() => import('./forwards/ForwardsView.vue')) },
    { path: '/helm', name: 'helm', component: lazy(() => import('./helm/HelmView.vue')) },
    { path: '/access', name: 'access', component: lazy(() => import('./access/AccessView.vue')) },
    { path: '/index.html', redirect: { name: 'overview' } },
    { path: '/login', name: 'login', redirect: { name: 'overview' } },
    {
      path: '/create/deployment',
      name: 'create-deployment',
      component: lazy(() => import('./views/CreateDeploymentView.vue')),
    },
    { path: '/create/yaml', name: 'create-yaml', component: lazy(() => import('./views/CreateFromYamlView.vue')) },
    {
      path: '/create/:group/:version/:plural',
      name: 'create-form',
      component: lazy(() => import('./views/CreateFormView.vue')),
    },
    { path: '/k/:group/:version/:plural', name: 'list', component: ResourceListView },
    { path: '/:rest(.*)*', name: 'nowhere', component: lazy(() => import('./views/NowhereView.vue')) },
  ],
})
