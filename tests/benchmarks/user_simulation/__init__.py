"""Simulates the person who sorts an album by hand: how much of it do our tools leave to do?"""
