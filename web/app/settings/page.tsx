import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Settings } from './settings';

export const metadata: Metadata = { title: 'Settings' };
export default function Page() {
  return <Suspense><Settings /></Suspense>; // it reads the address, which only a browser has
}
