import type { CatalogItem, Player, PlayerStep } from '$lib/api';

export type { CatalogItem, Player, PlayerStep };
export type Section = CatalogItem['section'];
export type StepStatus = Player['status'];
