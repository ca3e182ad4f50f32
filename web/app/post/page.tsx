import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Post } from './post';

export const metadata: Metadata = { title: 'Post' };
export default function Page() {
  return <Suspense><Post /></Suspense>; // it reads the address, which only a browser has
}
