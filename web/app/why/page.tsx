import type { Metadata } from 'next';
import { Suspense } from 'react';
import { WhyPage } from './why';

export const metadata: Metadata = { title: 'Why not?' };
export default function Page() {
  return <Suspense><WhyPage /></Suspense>; // it reads the address, which only a browser has
}
