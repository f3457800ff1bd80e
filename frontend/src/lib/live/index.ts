export { live, watched } from './live.svelte';
export type { Connection, PreviewWatcher, Watcher } from './client';
export type { EventFrame, LiveProblem, StateFrame, StateOf, Topic } from './protocol';
